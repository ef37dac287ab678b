/**
 * How a version comes to serve: {@link ModelLoading} names the steps, each of which is a {@link
 * io.onnxfleet.engine.loading.open.VersionLoader}.
 */
@NullMarked
package io.onnxfleet.engine.loading;

import org.jspecify.annotations.NullMarked;
