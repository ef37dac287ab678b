package io.onnxfleet.gateway.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.local.LocalReplicas;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LeavingProbesTest {

  private final LocalReplicas local = new LocalReplicas();
  private final List<Replica> gone = new ArrayList<>();
  private final LeavingProbes probes = new LeavingProbes(local.pooled(), gone::add);

  @AfterEach
  void close() {
    local.close();
  }

  private void ask(Replica replica) {
    probes.ask(replica);
    local.settle();
  }

  @Test
  void replica_hasGone_whenItSaysThatItDrains_orItsPortIsClosed() {
    Replica draining =
        local.start(
            "a", asked -> asked.answers(503, "", HeaderNames.REPLICA_STATE, HeaderNames.DRAINING));
    Replica ended = local.ended("b");
    ask(draining);
    ask(ended);
    assertThat(gone).containsExactly(draining, ended);
  }

  @Test
  void replica_mayBeThere_whenItAnswers_orBreaksOff() {
    ask(local.start("a", asked -> asked.answers(404, "")));
    ask(local.start("b", asked -> asked.breaksOff()));
    assertThat(local.asked()).hasSize(2);
    assertThat(gone).isEmpty();
  }

  @Test
  void replica_isAskedOnceAtATime() {
    Replica replica = local.start("a", asked -> {});
    ask(replica);
    ask(replica);
    assertThat(local.asked()).hasSize(1);
    local.asked().getFirst().answers(200, "");
    local.settle();
    ask(replica);
    assertThat(local.asked()).hasSize(2);
  }
}
