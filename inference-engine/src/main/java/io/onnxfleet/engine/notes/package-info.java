/**
 * What was found out about models, by their content, and is not to be found out again: {@link
 * ModelNotes} keeps it, {@link Evidence} joins it with what ended earlier processes. Optimised
 * graphs are kept elsewhere ({@link io.onnxfleet.engine.runtime.GraphCache}).
 */
@NullMarked
package io.onnxfleet.engine.notes;

import org.jspecify.annotations.NullMarked;
