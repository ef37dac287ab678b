@NullMarked
package io.onnxfleet.jobs.observability;

import org.jspecify.annotations.NullMarked;
