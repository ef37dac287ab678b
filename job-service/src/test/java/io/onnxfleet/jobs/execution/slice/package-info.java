@NullMarked
package io.onnxfleet.jobs.execution.slice;

import org.jspecify.annotations.NullMarked;
