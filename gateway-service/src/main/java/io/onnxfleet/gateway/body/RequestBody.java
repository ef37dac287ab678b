package io.onnxfleet.gateway.body;

import java.util.List;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;

/** A request's body on its way to a replica. {@link RequestBodies} lends it and takes it back. */
public sealed interface RequestBody {

  /** Whether it can be sent to another replica after some of it went to a first one. */
  boolean isReplayable();

  /**
   * All of it, in memory.
   *
   * @param bytes not to be changed
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; a copy would double the memory.
  record Kept(byte[] bytes) implements RequestBody {

    /** No body at all. */
    public static final Kept EMPTY = new Kept(new byte[0]);

    @Override
    public boolean isReplayable() {
      return true;
    }
  }

  /**
   * All of it, in memory, in the pieces that came: too large to be kept for a further replica.
   *
   * @param pieces not to be changed
   */
  record Held(List<byte[]> pieces, long length) implements RequestBody {

    @Override
    public boolean isReplayable() {
      return false;
    }
  }

  /**
   * Passed on as it arrives.
   *
   * @param content may be subscribed to once; nothing of it is lost before that
   * @param length as the client declared it, or -1
   */
  record Streamed(Flux<DataBuffer> content, long length) implements RequestBody {

    @Override
    public boolean isReplayable() {
      return false;
    }
  }
}
