@NullMarked
package io.onnxfleet.engine.instance;

import org.jspecify.annotations.NullMarked;
