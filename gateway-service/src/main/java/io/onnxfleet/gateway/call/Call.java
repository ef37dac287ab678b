package io.onnxfleet.gateway.call;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.Need;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.CallerOrigin;

/**
 * One request as the gateway knows it, whatever brought it. Immutable, but for its trace and its
 * answer: these belong to whoever works on the call, one thread after another.
 *
 * @param asked what is asked, and of which model or family if the head says that
 * @param head as a replica is to see it
 * @param access what its caller may do
 * @param origin where its caller is
 * @param trace what becomes of it
 * @param deadline by when it must have been answered
 * @param body read at most once
 * @param answer where the answer goes
 */
public record Call(
    ApiCall.Asked asked,
    CallHead head,
    Access access,
    CallerOrigin origin,
    RequestTrace trace,
    Deadline deadline,
    BodySource body,
    Answer answer) {

  /** Whether a model is run for it. */
  public boolean runsModel() {
    return asked.call().need() == Need.INFER;
  }

  /** Whether it may be answered by saying that the client has the answer. */
  public boolean isConditional() {
    return asked.call().method() == ApiCall.Method.GET;
  }

  /** The same call under another path. */
  public Call at(String path) {
    return new Call(asked, head.at(path), access, origin, trace, deadline, body, answer);
  }

  /** The same call, answered there. */
  public Call answeredBy(Answer other) {
    return new Call(asked, head, access, origin, trace, deadline, body, other);
  }
}
