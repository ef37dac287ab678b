/** Files as callers know them: {@link io.onnxfleet.jobs.file.FileRecords}. */
@NullMarked
package io.onnxfleet.jobs.file;

import org.jspecify.annotations.NullMarked;
