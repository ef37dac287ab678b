@NullMarked
package io.onnxfleet.contract;

import org.jspecify.annotations.NullMarked;
