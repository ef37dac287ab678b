/**
 * Where models live: a {@link ModelRepository} lists them as {@link ModelFolder}s, of which {@link
 * FolderModelRepository} reads Triton's folder layout.
 */
@NullMarked
package io.onnxfleet.engine.repository;

import org.jspecify.annotations.NullMarked;
