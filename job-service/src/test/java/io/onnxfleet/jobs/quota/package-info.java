@NullMarked
package io.onnxfleet.jobs.quota;

import org.jspecify.annotations.NullMarked;
