require("aws-cdk-lib");
