@NullMarked
package io.onnxfleet.jobs.maintenance;

import org.jspecify.annotations.NullMarked;
