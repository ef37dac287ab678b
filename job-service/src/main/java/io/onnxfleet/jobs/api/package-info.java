/** OpenAI's files and batches, and single requests, over HTTP. */
@NullMarked
package io.onnxfleet.jobs.api;

import org.jspecify.annotations.NullMarked;
