@NullMarked
package io.onnxfleet.contract.inference;

import org.jspecify.annotations.NullMarked;
