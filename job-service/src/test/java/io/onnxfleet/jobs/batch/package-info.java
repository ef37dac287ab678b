@NullMarked
package io.onnxfleet.jobs.batch;

import org.jspecify.annotations.NullMarked;
