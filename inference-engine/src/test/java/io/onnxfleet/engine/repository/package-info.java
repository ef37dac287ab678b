/** Tests of the model repository: {@code ModelRepositoryContract} holds for each kind of it. */
@NullMarked
package io.onnxfleet.engine.repository;

import org.jspecify.annotations.NullMarked;
