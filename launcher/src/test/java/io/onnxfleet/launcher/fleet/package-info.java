@NullMarked
package io.onnxfleet.launcher.fleet;

import org.jspecify.annotations.NullMarked;
