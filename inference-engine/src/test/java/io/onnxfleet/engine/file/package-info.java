/** Files that people write: {@code TextFile} reads them, whatever editor saved them. */
@NullMarked
package io.onnxfleet.engine.file;

import org.jspecify.annotations.NullMarked;
