@NullMarked
package io.onnxfleet.jobs;

import org.jspecify.annotations.NullMarked;
