@NullMarked
package io.onnxfleet.jobs.store;

import org.jspecify.annotations.NullMarked;
