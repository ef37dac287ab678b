@NullMarked
package io.onnxfleet.launcher;

import org.jspecify.annotations.NullMarked;
