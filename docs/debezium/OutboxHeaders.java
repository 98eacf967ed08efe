import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * Runs behind Debezium's outbox event router, which puts the row's id into the header "id" and, by
 * "table.fields.additional.placement", the column headers into the header "headers". Writes them as Pigeonhole's relay
 * does: "message-id", then each header of the message, in order, duplicates kept.
 */
public class OutboxHeaders implements Transformation<SourceRecord> {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public SourceRecord apply(SourceRecord record) {
    Header stored = record.headers().lastWithName("headers");
    // A heartbeat: it never was a row.
    if (stored == null) return record;
    var headers = new ConnectHeaders();
    add(headers, "message-id", utf8(String.valueOf(record.headers().lastWithName("id").value())));
    for (JsonNode pair : parse(String.valueOf(stored.value()))) add(headers, pair.get(0).asText(), bytesOf(pair.get(1)));
    return record.newRecord(record.topic(), record.kafkaPartition(), record.keySchema(), record.key(),
        record.valueSchema(), record.value(), record.timestamp(), headers);
  }

  private static void add(ConnectHeaders headers, String name, byte[] value) {
    headers.add(name, value, Schema.BYTES_SCHEMA);
  }

  // A value that is not UTF-8 is stored as { "base64": … }.
  private static byte[] bytesOf(JsonNode value) {
    return value.isTextual() ? utf8(value.asText()) : Base64.getDecoder().decode(value.get("base64").asText());
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static JsonNode parse(String stored) {
    try {
      return JSON.readTree(stored);
    } catch (java.io.IOException error) {
      throw new DataException("The column headers of an outbox row is not JSON");
    }
  }

  @Override
  public ConfigDef config() {
    return new ConfigDef();
  }

  @Override
  public void configure(Map<String, ?> settings) {}

  @Override
  public void close() {}
}
