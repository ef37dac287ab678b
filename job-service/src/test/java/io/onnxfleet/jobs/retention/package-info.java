@NullMarked
package io.onnxfleet.jobs.retention;

import org.jspecify.annotations.NullMarked;
