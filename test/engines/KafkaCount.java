// Spark's Kafka source and sink: counts the values of a topic, and copies them to another one.
// Arguments: broker's address, topic, copy's topic.
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

public class KafkaCount {
  public static void main(String[] args) {
    SparkSession spark =
        SparkSession.builder().master("local[1]").config("spark.ui.enabled", "false").getOrCreate();
    Dataset<Row> read =
        spark
            .read()
            .format("kafka")
            .option("kafka.bootstrap.servers", args[0])
            .option("subscribe", args[1])
            .option("startingOffsets", "earliest")
            .load();
    System.out.println("values " + read.select("value").distinct().count());
    read.selectExpr("key", "value")
        .write()
        .format("kafka")
        .option("kafka.bootstrap.servers", args[0])
        .option("topic", args[2])
        .save();
    spark.stop();
  }
}
