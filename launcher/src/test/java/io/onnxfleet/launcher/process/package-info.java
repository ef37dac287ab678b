@NullMarked
package io.onnxfleet.launcher.process;

import org.jspecify.annotations.NullMarked;
