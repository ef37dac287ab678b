/**
 * What a version may do with rows: {@link RowProofs} and {@link PaddingProofs} find it out, {@link
 * ServingTerms} holds it against the configuration.
 */
@NullMarked
package io.onnxfleet.engine.loading.rows;

import org.jspecify.annotations.NullMarked;
