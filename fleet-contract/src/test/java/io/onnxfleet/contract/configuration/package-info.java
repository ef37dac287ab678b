@NullMarked
package io.onnxfleet.contract.configuration;

import org.jspecify.annotations.NullMarked;
