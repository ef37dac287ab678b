/** Objects of a bucket that speaks S3: {@link io.onnxfleet.jobs.store.s3.Bucket}. */
@NullMarked
package io.onnxfleet.jobs.store.s3;

import org.jspecify.annotations.NullMarked;
