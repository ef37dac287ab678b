@NullMarked
package io.onnxfleet.jobs.file;

import org.jspecify.annotations.NullMarked;
