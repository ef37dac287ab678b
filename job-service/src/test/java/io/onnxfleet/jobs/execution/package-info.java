@NullMarked
package io.onnxfleet.jobs.execution;

import org.jspecify.annotations.NullMarked;
