/**
 * How a text model wants to be used: {@link TextSettings} are the typed form of a configuration's
 * parameters, {@link TextFolder} completes them by what a Hugging Face or sentence-transformers
 * folder says, and by the project's own table of known models. Reads small files only; opens no
 * model.
 */
@NullMarked
package io.onnxfleet.engine.textsettings;

import org.jspecify.annotations.NullMarked;
