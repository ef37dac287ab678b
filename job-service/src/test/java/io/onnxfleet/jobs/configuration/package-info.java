@NullMarked
package io.onnxfleet.jobs.configuration;

import org.jspecify.annotations.NullMarked;
