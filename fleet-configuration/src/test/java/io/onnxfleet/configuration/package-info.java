@NullMarked
package io.onnxfleet.configuration;

import org.jspecify.annotations.NullMarked;
