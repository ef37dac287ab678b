package io.onnxfleet.inference.load;

/**
 * The load by one model at this moment, under the names of ORCA's {@code OrcaLoadReport}.
 *
 * @param busyShare of the model's instances, 0 to 1: {@code application_utilization}
 * @param cpuShare of the processors, 0 to 1: {@code cpu_utilization}
 * @param inFlight requests of all callers under way
 * @param queueSeconds until a request that came now would start
 */
record LoadReport(double busyShare, double cpuShare, int inFlight, double queueSeconds) {
  private static final int DECIMALS = 1000;

  String asText() {
    StringBuilder text = new StringBuilder(128).append("TEXT application_utilization=");
    number(text, busyShare).append(", cpu_utilization=");
    number(text, cpuShare).append(", named_metrics.in_flight=").append(inFlight);
    text.append(", named_metrics.queue_ms=");
    return number(text, queueSeconds * 1000).toString();
  }

  String asJson() {
    StringBuilder json = new StringBuilder(144).append("JSON {\"application_utilization\":");
    number(json, busyShare).append(",\"cpu_utilization\":");
    number(json, cpuShare).append(",\"named_metrics\":{\"in_flight\":").append(inFlight);
    json.append(",\"queue_ms\":");
    return number(json, queueSeconds * 1000).append("}}").toString();
  }

  /** Three decimals, without what a formatter costs; what is no number is 0. */
  private static StringBuilder number(StringBuilder to, double value) {
    long thousandths = Math.round(Math.max(0, value) * DECIMALS);
    long fraction = thousandths % DECIMALS;
    to.append(thousandths / DECIMALS);
    if (fraction != 0) {
      to.append('.').append((char) ('0' + fraction / 100));
      to.append((char) ('0' + fraction / 10 % 10)).append((char) ('0' + fraction % 10));
    }
    return to;
  }
}
