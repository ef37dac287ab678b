@NullMarked
package io.onnxfleet.jobs.store.s3;

import org.jspecify.annotations.NullMarked;
