/**
 * Options that several commands have, to be mixed in: a model and its result ({@link ModelFiles}),
 * samples to judge by ({@link SampleOptions}) and to fit by ({@link FitOptions}), inputs and
 * outputs ({@link ShapeOptions}).
 */
@NullMarked
package io.onnxfleet.optimizer.command.option;

import org.jspecify.annotations.NullMarked;
