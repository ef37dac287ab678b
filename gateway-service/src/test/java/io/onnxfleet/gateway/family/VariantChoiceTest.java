package io.onnxfleet.gateway.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelFamily;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.ModelVariant;
import io.onnxfleet.gateway.fleet.OneReplica;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;

class VariantChoiceTest {

  private static final String ALL = "large:1,middle:1,small:1";
  private static final String FAMILY =
      "large:f:1:c:0,middle:f:0.9::0,small:f:0.8:c:0,other:g:1:c:0";

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Map<String, VariantEstimate> estimates = new HashMap<>();
  private long now = 1;
  private Fleet fleet = fleet(ALL, FAMILY);
  private final VariantChoice choice =
      new VariantChoice(
          () -> fleet,
          new FamilyProperties(
              0.5, Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(60)),
          new FamilyMetrics(meters),
          () -> now);

  private static Fleet fleet(String ready, String families) {
    return OneReplica.with(
        Map.of(
            "models-ready",
            ready,
            "models-known",
            "large,middle,small",
            "models-families",
            families));
  }

  private void takes(String model, long millis) {
    estimates.put(model, new VariantEstimate(variant(model), true, millis * 1_000_000, 3));
  }

  private void isFull(String model) {
    estimates.put(model, new VariantEstimate(variant(model), false, 0, 3));
  }

  private ModelVariant variant(String model) {
    return Objects.requireNonNull(family().variant(model));
  }

  private ModelFamily family() {
    return Objects.requireNonNull(fleet.family("f"));
  }

  private static HttpHeaders terms(String... headers) {
    HttpHeaders terms = new HttpHeaders();
    for (int i = 0; i < headers.length; i += 2) {
      terms.set(headers[i], headers[i + 1]);
    }
    return terms;
  }

  private String chosen(VariantUse use, String... terms) {
    ModelVariant chosen =
        choice.choose(
            family(),
            use,
            terms(terms),
            variant ->
                estimates.getOrDefault(variant.model(), new VariantEstimate(variant, true, 0, 0)));
    return chosen.model();
  }

  private String chosen(String... terms) {
    return chosen(VariantUse.ALONE, terms);
  }

  @Test
  void best_answers_whenNothingIsDemandedOrKnown() {
    assertThat(chosen()).isEqualTo("large");
    assertThat(chosen("Inference-Latency-Budget-Ms", "1")).isEqualTo("large");
    assertThat(meters.get("fleet.gateway.family.chosen").tags("model", "large").counter().count())
        .isEqualTo(2);
  }

  @Test
  void bestThatIsInTime_answers_whenABudgetIsGiven() {
    takes("large", 100);
    takes("middle", 40);
    takes("small", 10);

    assertThat(chosen("Inference-Latency-Budget-Ms", "200")).isEqualTo("large");
    assertThat(chosen("Inference-Latency-Budget-Ms", "80")).isEqualTo("middle");
    assertThat(chosen("Inference-Latency-Budget-Ms", "79")).isEqualTo("small");
    // Of the last one the whole budget may be taken.
    assertThat(chosen("Inference-Latency-Budget-Ms", "10")).isEqualTo("small");
  }

  @Test
  void lesser_answers_whenABetterOneWouldRefuse() {
    isFull("large");

    assertThat(chosen()).isEqualTo("middle");
    isFull("middle");
    assertThat(chosen()).isEqualTo("small");
    isFull("small");
    // The limit of the last one says when to come again.
    assertThat(chosen()).isEqualTo("small");
  }

  @Test
  void request_isRefused_whenNoVariantIsInTime() {
    takes("large", 100);
    takes("middle", 40);
    takes("small", 30);
    String[] terms = {"Inference-Latency-Budget-Ms", "20", "Inference-Min-Quality", "0.9"};

    // One a second goes on, so that something is learned.
    assertThat(chosen(terms)).isEqualTo("middle");
    assertThatThrownBy(() -> chosen(terms))
        .isInstanceOfSatisfying(
            GatewayException.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.BUDGET_UNREACHABLE))
        .hasMessage(
            "Inference-Latency-Budget-Ms: 20 (expected: >= 40, of family 'f' 'middle' answers"
                + " soonest and has 3 requests ahead)");
    now += Duration.ofSeconds(1).toNanos();
    assertThat(chosen(terms)).isEqualTo("middle");
  }

  @Test
  void lesserQuality_isNotGiven_whenMoreIsDemanded() {
    isFull("large");

    assertThat(chosen("Inference-Min-Quality", "0.9")).isEqualTo("middle");
    assertThat(chosen("Inference-Min-Quality", "0.95")).isEqualTo("large");
    fleet = fleet("middle:1,small:1", FAMILY);
    assertThatThrownBy(() -> chosen("Inference-Min-Quality", "0.95"))
        .isInstanceOfSatisfying(
            GatewayException.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.QUALITY_UNAVAILABLE))
        .hasMessage(
            "Inference-Min-Quality: 0.95 (expected: <= 0.9, of 'middle', the best variant of"
                + " family 'f' that is ready)");
  }

  @Test
  void vectors_areOfComparableVariantsOnly() {
    isFull("large");

    assertThat(chosen(VariantUse.COMPARED)).isEqualTo("small");
    fleet = fleet(ALL, "large:f:1::0,middle:f:0.9:c:0,small:f:0.8:c:0");
    assertThat(chosen(VariantUse.COMPARED)).isEqualTo("large");
  }

  @Test
  void vectors_areNotMixed_whileTheirModelIsNotReady() {
    fleet = fleet(ALL, "large:f:1::0,middle:f:0.9:c:0,small:f:0.8:c:0");
    choice.changed(fleet);
    fleet = fleet("middle:1,small:1", "middle:f:0.9:c:0,small:f:0.8:c:0");
    choice.changed(fleet);

    assertThat(chosen()).isEqualTo("middle");
    assertThatThrownBy(() -> chosen(VariantUse.COMPARED))
        .hasMessage("model 'large', whose vectors those of family 'f' are, is not ready");
  }

  @Test
  void name_meansTheModel_unlessTermsAreStated() {
    fleet = fleet("f:1,small:1", "small:f:0.8::0");
    ModelReference name = new ModelReference("f", null);

    assertThat(choice.asked(name, new HttpHeaders())).isNull();
    ModelFamily asked = choice.asked(name, terms("Inference-Min-Quality", "0.5"));
    assertThat(asked).isNotNull();
    assertThat(asked.variants()).extracting(ModelVariant::model).containsExactly("f", "small");
    assertThat(asked.best().quality()).isEqualTo(1);
    assertThat(choice.asked(new ModelReference("small", null), new HttpHeaders())).isNull();
  }

  @Test
  void version_isUnknown_ofAFamily() {
    assertThatThrownBy(() -> choice.asked(new ModelReference("f", "1"), new HttpHeaders()))
        .hasMessage(
            "version '1' of family 'f' (expected: no version, or that of one of large, middle,"
                + " small)");
  }
}
