/**
 * What is not sent on because it may end the next replica too: {@link
 * io.onnxfleet.gateway.suspect.Suspects} judges by what each content of a model has answered, and
 * by what was under way where a replica died.
 */
@NullMarked
package io.onnxfleet.gateway.suspect;

import org.jspecify.annotations.NullMarked;
