@NullMarked
package io.onnxfleet.jobs.network;

import org.jspecify.annotations.NullMarked;
