/**
 * Opening: a {@link VersionLoader} brings a version to the point where it takes requests, as a
 * {@link LoadedVersion}; {@link SessionVersionLoader} opens its sessions and warms them up.
 */
@NullMarked
package io.onnxfleet.engine.loading.open;

import org.jspecify.annotations.NullMarked;
