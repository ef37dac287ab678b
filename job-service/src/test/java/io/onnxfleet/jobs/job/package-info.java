@NullMarked
package io.onnxfleet.jobs.job;

import org.jspecify.annotations.NullMarked;
