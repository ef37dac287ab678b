@NullMarked
package io.onnxfleet.contract.fleet;

import org.jspecify.annotations.NullMarked;
