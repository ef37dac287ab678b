/**
 * 8 bits without samples: weights once, activations by their range whenever the model runs. Start
 * at {@link DynamicQuantization}; {@link ActivationScale} is the choice that decides whether rows
 * stay independent.
 */
@NullMarked
package io.onnxfleet.optimizer.quantize.dynamic;

import org.jspecify.annotations.NullMarked;
