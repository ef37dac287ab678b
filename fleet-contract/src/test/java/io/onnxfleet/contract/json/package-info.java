@NullMarked
package io.onnxfleet.contract.json;

import org.jspecify.annotations.NullMarked;
