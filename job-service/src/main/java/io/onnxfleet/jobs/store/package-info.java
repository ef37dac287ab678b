/** Where bytes lie: {@link io.onnxfleet.jobs.store.ObjectStore}. */
@NullMarked
package io.onnxfleet.jobs.store;

import org.jspecify.annotations.NullMarked;
