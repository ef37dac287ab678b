@NullMarked
package io.onnxfleet.launcher.supervision;

import org.jspecify.annotations.NullMarked;
