package io.onnxfleet.gateway.forwarding;

import io.onnxfleet.contract.fleet.LoadReport;

/** Who decides what becomes of a replica's answer. Called by one connection's event loop. */
interface AnswerGate {

  /** What the replica said of its load along with an answer of any kind. */
  void reported(LoadReport report);

  /** Whether a refusal for want of room is kept from the client because another may have some. */
  boolean goesElsewhere(int status);

  /** Whether this answer goes to the client; false when another one did. */
  boolean claims(int status);
}
