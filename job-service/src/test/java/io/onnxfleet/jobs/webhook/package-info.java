@NullMarked
package io.onnxfleet.jobs.webhook;

import org.jspecify.annotations.NullMarked;
