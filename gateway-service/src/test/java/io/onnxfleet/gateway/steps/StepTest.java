package io.onnxfleet.gateway.steps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.call.FakeAnswer;
import io.onnxfleet.gateway.call.TestCalls;
import io.onnxfleet.gateway.fleet.ModelReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

class StepTest {

  private final List<String> taken = new ArrayList<>();
  private final ModelCall call =
      ModelCall.of(TestCalls.infer("m", new FakeAnswer(), Long.MAX_VALUE));

  private Step passing(String name) {
    return (now, next) -> {
      taken.add(name + " of " + now.asked());
      return next.take(now.about(new ModelReference(name, null)));
    };
  }

  private Step answering(String name) {
    return (now, next) -> Mono.fromRunnable(() -> taken.add(name + " of " + now.asked()));
  }

  @Test
  void steps_areTakenInTheirOrder_eachWithWhatTheOneBeforeFound() {
    Step.Next steps =
        Step.inOrder(List.of(passing("first"), passing("second"), answering("third")));
    Mono<Void> answered = steps.take(call);
    assertThat(taken).containsExactly("first of m", "second of first");
    answered.subscribe();
    assertThat(taken).last().isEqualTo("third of second");
  }

  @Test
  void stepThatAnswers_isTheLast() {
    Step.inOrder(List.of(answering("first"), passing("second"))).take(call).subscribe();
    assertThat(taken).containsExactly("first of m");
  }

  @Test
  void call_fails_whenNoStepAnswers() {
    List<Throwable> failures = new ArrayList<>();
    Step.inOrder(List.of(passing("only"))).take(call).subscribe(nothing -> {}, failures::add);
    assertThat(failures).singleElement().isInstanceOf(IllegalStateException.class);
  }

  @Test
  void call_saysWhatNoStepHasFound() {
    assertThatThrownBy(call::destination).hasMessage("no step has decided where it goes");
    assertThatThrownBy(call::content).hasMessage("no step has taken in the body");
    assertThatThrownBy(call::applicant).hasMessage("no step has applied for a place");
    assertThat(Objects.requireNonNull(call.model()).name()).isEqualTo("m");
  }
}
