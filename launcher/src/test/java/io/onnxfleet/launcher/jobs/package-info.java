@NullMarked
package io.onnxfleet.launcher.jobs;

import org.jspecify.annotations.NullMarked;
