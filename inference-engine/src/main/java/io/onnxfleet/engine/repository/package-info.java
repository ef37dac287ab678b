/**
 * Where models lie: a {@link ModelRepository} lists them as {@link ModelFolder}s, of which {@link
 * FolderModelRepository} reads Triton's folder layout. A {@link ContentDigest} says what a model's
 * files are, wherever they lie.
 */
@NullMarked
package io.onnxfleet.engine.repository;

import org.jspecify.annotations.NullMarked;
