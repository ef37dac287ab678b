@NullMarked
package io.onnxfleet.contract.api;

import org.jspecify.annotations.NullMarked;
