package io.onnxfleet.gateway.suspect;

/** Whether a replica may get a request. */
public sealed interface Passage {

  /** It may, and so may every other replica that runs the same content. */
  record Free() implements Passage {}

  /** It may, and no other one: nobody knows yet whether such a request ends a process. */
  record OnlyHere() implements Passage {}

  /** Another replica may. */
  record Elsewhere() implements Passage {}

  /**
   * None may.
   *
   * @param retryAfterSeconds after which one may; 0 if that is not known
   */
  record Closed(String reason, long retryAfterSeconds) implements Passage {}

  /** Whether this replica may. */
  default boolean isOpen() {
    return this instanceof Free || this instanceof OnlyHere;
  }
}
