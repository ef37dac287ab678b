@NullMarked
package io.onnxfleet.jobs.lines;

import org.jspecify.annotations.NullMarked;
