/**
 * Connections as the container serves them. {@link ClientConnection} waits for an answer until its
 * client leaves, {@link UnreadBody} lets a refusal reach a client that still sends, {@link
 * PlainErrorValve} answers what the container refuses by itself. {@link WatchedConnections} puts
 * all of it into the server.
 */
@NullMarked
package io.onnxfleet.inference.protocol.connection;

import org.jspecify.annotations.NullMarked;
