/**
 * The parallel executors of one model version: an {@link InstanceGroup} takes requests, checks them
 * against the {@link ModelInterface}, and lets its instances run them in batches.
 */
@NullMarked
package io.onnxfleet.engine.instance;

import org.jspecify.annotations.NullMarked;
